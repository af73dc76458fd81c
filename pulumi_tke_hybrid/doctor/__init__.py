"""`tke-hybrid doctor` and `tke-hybrid policy`: checks of the machine and its credentials, and the access
policy."""
