"""SensorThings over MQTT: observations that are published, and what is told to those who subscribe (18-088, 14)."""
