#!/bin/sh
# Puts the program beside this script into PREFIX (by default ~/.local), with its menu entry, icon and kind of file.
# `install.sh --remove [PREFIX]` takes all of it away again; projects and settings stay.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
remove=no
if [ "${1:-}" = "--remove" ]; then
    remove=yes
    shift
fi
prefix=${1:-$HOME/.local}
program=$prefix/opt/astra-studio

cd "$here/share"
if [ "$remove" = yes ]; then
    find . -type f | while read -r file; do rm -f "$prefix/share/$file"; done
    rm -f "$prefix/bin/astra-studio"
    rm -rf "$program"
else
    mkdir -p "$prefix/bin" "$prefix/share" "$prefix/opt"
    if [ "$here" != "$program" ]; then
        rm -rf "$program.new"
        cp -a "$here" "$program.new"
        rm -rf "$program"
        mv "$program.new" "$program"
    fi
    ln -sf "$program/astra-studio" "$prefix/bin/astra-studio"
    cp -R . "$prefix/share/"
    # The menu may not know the folder of the command.
    entry=$prefix/share/applications/astra-studio.desktop
    sed "s|^Exec=astra-studio|Exec=\"$prefix/bin/astra-studio\"|; s|^TryExec=astra-studio|TryExec=$prefix/bin/astra-studio|" \
        "$entry" > "$entry.new"
    mv "$entry.new" "$entry"
    echo "Installed. Start it from the menu, or with $prefix/bin/astra-studio"
fi
for tool in "update-desktop-database $prefix/share/applications" "update-mime-database $prefix/share/mime" \
    "gtk-update-icon-cache -q -t $prefix/share/icons/hicolor"; do
    $tool > /dev/null 2>&1 || true
done
