"""Dashboards for Kibana, as saved objects that anybody can import."""
