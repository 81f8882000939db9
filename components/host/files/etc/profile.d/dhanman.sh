# Managed by the dhanman deployment. For people's login shells: neither services nor deployments read this.

# A shell that nobody types in for an hour ends. Not exported: scripts that it starts may wait for longer.
if [ -z "${TMOUT-}" ]; then
    readonly TMOUT=3600
fi

# A core dump holds what was in memory; root allows them where a fault is looked for.
ulimit -c 0

# What people make is not for everybody; root's files are often for services, and stay readable.
if [ "$(id -u)" -ne 0 ]; then
    umask 027
fi
