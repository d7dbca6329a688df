"""The pages: server-rendered, whole without JavaScript, readable only through the index."""
