"""Published hazard models as functions of arrays: no clock, no database, and no guess outside the domain."""
