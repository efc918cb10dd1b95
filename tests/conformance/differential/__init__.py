"""The same random entries, register contents and frames on two switches, compared byte by byte."""
