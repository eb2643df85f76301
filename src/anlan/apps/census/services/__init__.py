"""What is done to the census: editions of the grid are taken in and put in force, tables are read."""
