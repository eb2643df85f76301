"""Files that others publish again and again and that are fetched: earthquakes, fire hotspots, weather stations.

A row that cannot be meant does not spoil the others: readers give what they took, and what they refused and why.
"""
