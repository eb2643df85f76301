"""The verbs: take in, judge, poll, decide on senders, draft and issue, take note."""
