"""Unattended: what is due is carried out, from cron or by the daemon."""
