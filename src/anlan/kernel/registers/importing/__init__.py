"""Files of records: read, laid on the fields of a register, judged row by row, mended, written as one act."""
