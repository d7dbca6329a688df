"""The pictures of logged posts: fetched, gated, looked at, told apart into families."""
