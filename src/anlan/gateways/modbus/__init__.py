"""The gateway that asks devices by Modbus TCP, by the maps that people keep. It reads; there is no way for it to write.

One connection for each host and port, its units in turn; neighbouring registers in one request. A value bears the time
of its answer. A refusal of the device makes a reading of bad quality, silence makes none: nothing is invented. What
came is committed before it counts, and what cannot be understood is counted and set aside with its bytes.
"""
