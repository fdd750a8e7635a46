"""The endpoints, a module each; every module builds its router from what it is given."""
