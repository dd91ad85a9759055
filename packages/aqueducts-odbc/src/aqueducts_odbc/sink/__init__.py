"""Writing into tables of SQL databases, whatever the connection to them is.

`writing` is the order of things: probe the table, fit the result to its columns, insert all rows in
one transaction. `dialects` has what is particular to each database, `session` is what a connection
has to do.
"""
