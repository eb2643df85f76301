"""What is read: entities made of devices, points and readings, and the options of a question."""
