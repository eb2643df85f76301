"""Messages of emergency offices to one another (EDXL): envelopes, resources, situation reports, hospital beds.

    for document in envelope.read(data).messages:
        verdict = cap.check(document, trusted=trusted, now=now)

The envelope (DE 1.0) is known as a whole. Of RM, SitRep and HAVE 1.0 the core is; what is beyond it is told as
`unread_element` and left out, never guessed.
"""
