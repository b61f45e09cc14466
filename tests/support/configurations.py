"""The configuration of a small site: one local repository, one job."""

SITE = """
state_dir = "state"
[repositories.local]
store = { kind = "local", path = "backups" }
password = { file = "backups.key" }
[jobs.site]
repositories = ["local"]
sources = [{ kind = "files", paths = ["source"] }]
"""
