"""安澜县, the fictional county: land, water, places, people, sites and points from one number.

`build.build` needs numpy, shapely and pypinyin, and no database; `ground.draw` renders what the map lies on. Nothing is
imported here, so that the simulator, which needs points and scripts only, stays small.
"""
