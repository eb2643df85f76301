"""The gateway for devices that speak TCP: HJ 212, SL 651 and JT/T 808, a port for each.

A frame is read by its codec, its sender proved by the credential of its protocol, its values mapped to points, all that
came together committed in one transaction, and only then is each frame answered. Frames that cannot be read, senders
that are not known and values without a point are set aside or counted, never dropped silently.
"""
