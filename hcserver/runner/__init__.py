"""`hcserver run`: a job as a child process, and the reports of its start and its end to a ping address.

It works on machines that have neither a server nor a database, and imports nothing but the standard library.
"""
