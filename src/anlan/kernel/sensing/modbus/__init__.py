"""Devices that are asked by Modbus TCP: where they are, which registers mean what, and what came of asking."""
