"""What each page shows: the figures of the queries, put together for one reader.

    api.page -> api.screens -> queries, pace_queries, opinion_queries -> mirror, storage
       `-> pages (templates, words) -> HTML

What comes from the mirror is there even while the database is away. What does not is None then, and the page
says so.
"""
