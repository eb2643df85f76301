"""Devices, points and readings as SensorThings names them: shared by its API and by the gateway for MQTT.

Plain functions of plain rows, so that a gateway needs no Django: a row is whatever has the attributes of the models.
"""
