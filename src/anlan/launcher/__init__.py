"""The launcher behind `./anlan`: sets the house up, starts its processes, proves it. Standard library only.

It runs on the machine's own Python before any package is there, so nothing here may import what `setup` installs.
"""
