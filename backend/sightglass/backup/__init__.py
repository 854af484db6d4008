"""Backup and restore of all that the platform keeps, as one file.

A backup is a gzipped tar that any machine can read: tables as JSON lines, files as they are, and
`checksums.txt` as sha256sum writes it. Its last member is the manifest: a file without one is no
backup.
"""
