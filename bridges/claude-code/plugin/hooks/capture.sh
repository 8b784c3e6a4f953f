#!/bin/sh
# A hook of Claude Code or Codex: keeps what it is told on standard input as one file in the spool, where Daybook finds it.
# It prints nothing, ends with 0 and waits for nobody, whether a Daybook runs or not. Not for: reading it, or leaving
# anything out, which Daybook does.
#
#   capture.sh SOURCE EVENT      claude_code PreToolUse
#
# The spool is named by the file `spool` beside this one, which `daybook connect` writes; without it, the usual folder is
# taken if Daybook has made it. A file holds a line with SOURCE and EVENT, then the input as it came; it is whole once its
# name does not begin with a dot.

PATH=/usr/bin:/bin:/run/current-system/sw/bin
umask 077
exec >/dev/null 2>&1

# What is not kept is read all the same: who writes it shall not find the pipe closed.
leave() {
  cat
  exit 0
}

here=${0%/*}
if [ -r "$here/spool" ]; then
  spool=
  read -r spool <"$here/spool"
  case $spool in /*) ;; *) leave ;; esac
  [ -d "$spool" ] || mkdir -p -m 700 "$spool" || leave
else
  spool=${XDG_STATE_HOME:-$HOME/.local/state}/daybook/$1/spool
  [ -d "$spool" ] || leave
fi
[ -e "$spool/.full" ] && leave

# Process numbers come again while files wait, and two containers may share the folder: a name is reserved, then checked.
# On a full disk a file may still be made: only what is there before is another's.
set -C
try=0
while :; do
  kept=$spool/$$-$try
  part=$spool/.$$-$try
  if true >"$part"; then
    [ -e "$kept" ] || break
    rm -f "$part"
  else
    [ -e "$part" ] || leave
  fi
  try=$((try + 1))
  [ "$try" -lt 1000 ] || leave
done

if { echo "$1 $2" && cat; } >>"$part"; then
  mv "$part" "$kept"
else
  rm -f "$part"
  leave
fi

# Perhaps nobody empties it any more: now and then what lies there is measured, while nobody waits. 512 MiB are enough.
if [ $(($$ % 64)) -eq 0 ]; then
  {
    used=$(du -sk "$spool")
    [ "${used%%[!0-9]*}" -lt 524288 ] || echo full >"$spool/.full"
  } </dev/null &
fi
exit 0
