"""Benchmarks of cppdynarray, for airspeed velocity; a file for each subject."""
