#!/bin/sh
# Runs a command in a mount namespace of its own, in which the powercap tree of powercap.py lies under /sys, and without
# root's right to read what is not for it: namespace.sh ROOT COMMAND...
# Needs the right to mount. /sys takes no new folder, so its folders `class` and `devices/virtual` are laid anew: the
# old entries bound to their places, and powercap beside them.
set -eu
if [ "${1-}" != --inside ]; then
    exec unshare --mount --propagation private -- "$0" --inside "$@"
fi
root=$2
shift 2
for part in class devices/virtual; do
    old=$(mktemp -d)
    mount --bind "/sys/$part" "$old"
    mount -t tmpfs none "/sys/$part"
    for entry in "$old"/*; do
        [ -d "$entry" ] || continue
        mkdir "/sys/$part/${entry##*/}"
        mount --bind "$entry" "/sys/$part/${entry##*/}"
    done
    mkdir "/sys/$part/powercap"
    mount --bind "$root/${part##*/}/powercap" "/sys/$part/powercap"
    umount -l "$old"
    rmdir "$old"
done
exec setpriv --inh-caps=-dac_override,-dac_read_search --bounding-set=-dac_override,-dac_read_search -- "$@"
