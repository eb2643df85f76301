"""What a verb of this room says when it cannot be done."""


class Refused(ValueError):
    """The act is not possible; says why, and what to do, in words for the person who asked."""
