"""A login with a page: a form for user name and password."""
