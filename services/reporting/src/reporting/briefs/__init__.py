"""Briefs: one page of an area to take to a meeting.

area, language -> content (from the queries of the JSON answers) -> words and numbers as written ->
press -> worker process -> templates -> PDF
"""
