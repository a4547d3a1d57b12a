"""What ``python3 -m cppdynarray`` runs: a directory as a stream of records."""
