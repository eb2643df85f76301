"""Questions about resources: stock, supplies, norms, reach of stations, shelters."""
