"""Vendors' JSON at the MQTT gateway: messages through mappings in force, and what waits for a person because of them.

A message under a topic of a mapping is read by it, its readings are laid at the device that a person registered for the
vendor's number, and only that device's own points take them. Everything else is counted, and kept within bounds.
"""
