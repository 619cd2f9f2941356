"""What a console asks of the record: the latest, pages, search, counts, figures.

Nothing here scans the table of verdicts: every question walks an index, and what would
need a scan is counted outside the verdict path (`gathering`).
"""
