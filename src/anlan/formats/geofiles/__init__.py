"""Map files of strangers (GeoJSON, KML, shapefiles) read to mended features, and GeoJSON of ours written."""
