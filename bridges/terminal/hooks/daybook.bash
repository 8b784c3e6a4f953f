# Tells Daybook which commands an interactive bash runs: read by a line in ~/.bashrc that `daybook connect terminal` writes.
# Builtins only between two prompts, no fork, never a word on the terminal. What a record is: bridges/terminal/records.ts.
# Not for: what a command prints, which is never looked at, or sending anything, which the bridge does.
#
# When a command begins is told by PS0, which bash expands once a line is read; then a DEBUG trap, which goes again after its
# first simple command and is set at no prompt where another one is, writes the beginning. Where either is missing (bash 3.2,
# a trap of yours) the prompt writes both. The line itself is the last entry of the history: what HISTCONTROL, HISTIGNORE or
# `set +o history` keep out of it is not recorded. With bash-preexec or ble.sh their hooks are used instead.
# `DAYBOOK_TERMINAL=off` stops it, `unset DAYBOOK_TERMINAL` goes on.
[ -n "${BASH_VERSION-}" ] || return 0
case $- in *i*) ;; *) return 0 ;; esac
# A start-up file that is read once more may have set PROMPT_COMMAND anew.
[ "${_daybook_pid-}" != "$$" ] || { _daybook_install 2>/dev/null; return 0; }
# What cannot be changed is left alone.
(unset PROMPT_COMMAND) 2>/dev/null || return 0
# Under `set -a` nothing of this goes to other programs.
_daybook_exports=
case $- in *a*) _daybook_exports=1; set +a ;; esac

_daybook_load() {
  local folder=${BASH_SOURCE[0]%/*} key value name
  _daybook_pid=$$ _daybook_n=0 _daybook_bytes=0 _daybook_by= _daybook_any=x _daybook_arm= _daybook_status=0
  _daybook_entered= _daybook_begun= _daybook_number= _daybook_text= _daybook_first= _daybook_last= _daybook_now= _daybook_stamp=
  _daybook_pwd= _daybook_head= _daybook_root= _daybook_branch= _daybook_ready= _daybook_where=$PWD
  _daybook_commands=() _daybook_directories=()
  _daybook_spool=${XDG_STATE_HOME:-$HOME/.local/state}/daybook/terminal
  if [[ -r $folder/settings ]]; then
    while IFS=' ' read -r key value || [[ -n $key ]]; do
      case $key in
        spool) _daybook_spool=$value ;;
        command) _daybook_commands+=("$value") ;;
        directory) [[ $value != '~'* ]] || value=$HOME${value:1}; _daybook_directories+=("$value") ;;
      esac
    done <"$folder/settings"
  fi
  if [[ -r /proc/sys/kernel/random/uuid ]]; then
    IFS= read -r _daybook_session </proc/sys/kernel/random/uuid
  else
    printf -v _daybook_session '%x-%x-%04x%04x%04x%04x' "$(/bin/date +%s)" $$ $RANDOM $RANDOM $RANDOM $RANDOM
  fi
  # Before 4.2 only a program tells the time: once, then SECONDS does.
  if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 402)); then
    _daybook_base=$(/bin/date +%s)
    _daybook_base=$((_daybook_base - SECONDS))
  fi
  _daybook_agent=
  for name in CLAUDECODE:claude-code CODEX_SANDBOX:codex CODEX_THREAD_ID:codex COPILOT_CLI:copilot OPENCODE:opencode \
    PI_CODING_AGENT:pi GEMINI_CLI:gemini CURSOR_AGENT:cursor; do
    key=${name%%:*}
    [[ -z ${!key-} ]] || _daybook_agent=${name#*:}
  done
  [[ -n $_daybook_agent ]] || _daybook_agent=${AI_AGENT-}
  _daybook_file=$_daybook_spool/$$-$_daybook_session
  _daybook_line=$_daybook_file.line
  [[ -d $_daybook_spool ]] || (umask 077 && /bin/mkdir -p "$_daybook_spool")
  (umask 077 && : >|"$_daybook_line")
} 2>/dev/null

# The time in seconds, as exact as this bash knows it, into _daybook_now.
_daybook_clock() {
  if [[ -n ${EPOCHREALTIME-} ]]; then
    _daybook_now=${EPOCHREALTIME/[!0-9]/.}
  elif [[ -z ${_daybook_base-} ]]; then
    printf -v _daybook_now '%(%s)T' -1
  else
    _daybook_now=$((_daybook_base + SECONDS))
  fi
}

# Appends a record of these fields. A file that is new gets 0600 whatever the umask is, and back is the umask.
_daybook_put() {
  if [[ ! -e $_daybook_file ]]; then
    [[ -w $_daybook_spool && -f $_daybook_line ]] || return 0
    local mask=
    umask 1<>"$_daybook_line"
    IFS= read -r mask <"$_daybook_line"
    : >|"$_daybook_line"
    [[ -n $mask ]] || return 0
    umask 077
    : >>"$_daybook_file"
    umask "$mask"
    _daybook_bytes=0
  fi
  # While nobody takes what is written.
  ((_daybook_bytes < 16777216)) || return 0
  printf '%s\0' '' daybook1 "$@" . >>"$_daybook_file"
}

# The branch and the root of the repository that $1 is in, by reading .git/HEAD; where that is, is remembered.
_daybook_git() {
  local folder=$1 git= line=
  _daybook_branch=
  if [[ $folder != "$_daybook_pwd" || ! -r $_daybook_head ]]; then
    _daybook_pwd=$folder _daybook_head= _daybook_root=
    while [[ -n $folder ]]; do
      if [[ -d $folder/.git ]]; then
        git=$folder/.git
        break
      elif [[ -f $folder/.git ]]; then
        IFS= read -r git <"$folder/.git"
        git=${git#gitdir: }
        [[ $git == /* ]] || git=$folder/$git
        break
      fi
      folder=${folder%/*}
    done
    [[ -n $git ]] || return 0
    _daybook_head=$git/HEAD
    # A worktree is of its repository.
    case $git in
      */.git/worktrees/*) _daybook_root=${git%%/.git/worktrees/*} ;;
      *) _daybook_root=$folder ;;
    esac
  fi
  IFS= read -r line <"$_daybook_head"
  case $line in
    'ref: refs/heads/.invalid') ;;
    'ref: refs/heads/'*) _daybook_branch=${line#ref: refs/heads/} ;;
  esac
}

# Writes that the line $1 begins at $2 in the folder $3; fails for what is not to be recorded.
_daybook_begin() {
  local text=$1 at=$2 cwd=$3 pattern cut=
  [[ ${DAYBOOK_TERMINAL-} != off && -n $text && $text != [[:space:]]* ]] || return 1
  for pattern in ${_daybook_commands[@]+"${_daybook_commands[@]}"}; do
    # shellcheck disable=SC2053 # it is a pattern
    [[ $text != $pattern ]] || return 1
  done
  for pattern in ${_daybook_directories[@]+"${_daybook_directories[@]}"}; do
    # shellcheck disable=SC2053
    [[ $cwd != $pattern && $cwd != $pattern/* ]] || return 1
  done
  if ((${#text} > 65536)); then
    cut=${#text}
    text=${text:0:65536}
  fi
  _daybook_git "$cwd"
  _daybook_n=$((_daybook_n + 1))
  _daybook_bytes=$((_daybook_bytes + ${#text} + 512))
  _daybook_put kind=begin "session=$_daybook_session" "n=$_daybook_n" "at=$at" "pid=$$" "shell=bash $BASH_VERSION" \
    "level=${SHLVL-}" "host=${HOSTNAME-}" "cwd=$cwd" "root=$_daybook_root" "branch=$_daybook_branch" \
    "agent=$_daybook_agent" "cut=$cut" "command=$text"
}

_daybook_end() {
  _daybook_put kind=end "session=$_daybook_session" "n=$_daybook_n" "exit=$1" "until=$2"
}

# Whether the last entry of the history is a line that was entered since the last time, and keeps it; $1 is its first simple
# command, if that is known. Through a file of its own, as builtins can only print: a subshell would be a fork. It is emptied
# at once and written without being cut, as ext4 flushes what was cut and written in one go, which takes milliseconds.
_daybook_entry() {
  local number= stamp= text= mark=
  if local HISTTIMEFORMAT='%s:'; then
    builtin history 1 1<>"$_daybook_line"
    {
      IFS=' ' read -r -d : number stamp || :
      IFS= read -r -d '' text || :
    } <"$_daybook_line"
  elif ((BASH_VERSINFO[0] >= 5)); then
    # It is readonly. A mark tells of entries that were edited.
    builtin fc -l -0 1<>"$_daybook_line"
    {
      IFS= read -r -d $'\t' number || :
      [[ -o posix ]] || IFS= read -r -n 1 mark || :
      IFS= read -r -d '' text || :
    } <"$_daybook_line"
    _daybook_clock
    stamp=$_daybook_now
  fi
  : >|"$_daybook_line"
  [[ -n $number ]] || return 1
  while [[ $text == *$'\n' ]]; do text=${text%$'\n'}; done
  if [[ $number == "$_daybook_number" && $text == "$_daybook_text" ]]; then
    # The same again, which ignoredups keeps out, or something else that is kept out: where only equal lines are, it is the
    # same, else it is taken for it if it begins with the same command.
    case ${HISTCONTROL-}:${HISTIGNORE-}: in
      *dups*:*: | *both*:*: | *:'&':*) ;;
      *) return 1 ;;
    esac
    [[ -o history ]] || return 1
    if [[ -z $_daybook_entered || -n ${HISTIGNORE-} || ${HISTCONTROL-} == *space* || ${HISTCONTROL-} == *both* ]]; then
      [[ -n $1 && $1 == "$_daybook_first" ]] || return 1
    fi
  fi
  _daybook_number=$number _daybook_text=$text _daybook_first=$1 _daybook_stamp=$stamp
}

# The same, and records it.
_daybook_record() {
  local at=
  _daybook_entry "$1" || return 1
  if [[ $_daybook_entered == [0-9]*[!0-9]* ]]; then
    at=${_daybook_entered/[!0-9]/.}
  elif [[ -n $1 ]]; then
    _daybook_clock
    at=$_daybook_now
  else
    at=$_daybook_stamp
  fi
  # Where it began, though it may have gone elsewhere since.
  _daybook_begin "$_daybook_text" "$at" "$_daybook_where"
}

# Called by the DEBUG trap with the last argument of the last command, which must be `$_` again afterwards.
_daybook_debug() {
  local command=$BASH_COMMAND exports=
  case $- in *a*) exports=1; set +a ;; esac
  _daybook_last=$1
  _daybook_command "$command" || :
  [[ -z $exports ]] || set -a
} 2>/dev/null

_daybook_command() {
  local command=$1
  [[ -n $_daybook_armed && $command != _daybook_* ]] || return 0
  # Without PS0 a command of the prompt and one that was typed look the same.
  [[ -n $_daybook_ps0 || ${PROMPT_COMMAND-} != *"$command"* ]] || return 0
  if [[ -z $_daybook_ps0 || -n $_daybook_entered ]] && [[ -z ${COMP_LINE-} ]]; then
    if _daybook_record "$command"; then
      _daybook_begun=1
      _daybook_armed=
    elif [[ -n $_daybook_entered ]]; then
      _daybook_armed=
    fi
    _daybook_entered=
  fi
}

_daybook_after() {
  local code=$1
  _daybook_clock
  if [[ -n ${bash_preexec_imported-${__bp_imported-}} || -n ${BLE_VERSION-} ]]; then
    _daybook_join
    return 0
  fi
  if [[ -z $_daybook_ready ]]; then
    _daybook_ready=1
    _daybook_entry ''
  elif [[ -n $_daybook_begun ]]; then
    _daybook_end "$code" "$_daybook_now"
  elif [[ -z $_daybook_ps0 || -n $_daybook_entered ]]; then
    local until=$_daybook_now
    if _daybook_record ''; then _daybook_end "$code" "$until"; fi
  fi
  _daybook_begun= _daybook_entered= _daybook_where=$PWD
  # PS0 since 4.4; what others put there stays. Without promptvars it would be shown as it is.
  _daybook_ps0=
  if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)) && shopt -q promptvars; then
    _daybook_ps0=1
    # It is nothing but assigned, as a mistake in an arithmetic one would end the line; a posix shell has its own idea of `!`.
    # shellcheck disable=SC2016 # bash expands it
    if [[ ${PS0-} != *_daybook_entered* ]]; then
      if [[ ${PS0+${PS0@a}} == *r* ]]; then
        _daybook_ps0=
      else
        PS0=${PS0-}'${_daybook_any:+${_daybook_any##[x${_daybook_entered:=${EPOCHREALTIME:-1}}]}}'
      fi
    fi
  fi
}

# The first of PROMPT_COMMAND.
_daybook_precmd() {
  local code=$? exports=
  # Once more at the same prompt, by a function that keeps what it found in PROMPT_COMMAND.
  [[ -z ${FUNCNAME[1]-} || -z $_daybook_armed ]] || return 0
  case $- in *a*) exports=1; set +a ;; esac
  _daybook_status=$code
  _daybook_armed=
  if [[ -z $_daybook_by ]]; then _daybook_after "$code" || :; fi
  [[ -z $exports ]] || set -a
} 2>/dev/null

# Has ours be the first of PROMPT_COMMAND. It is changed in its place, as bash may be at it.
_daybook_install() {
  local first=${PROMPT_COMMAND-} before= after= each=
  [[ -z $_daybook_by ]] || return 0
  before=${first%%"$_daybook_prompting"*}
  if [[ $before == "$first" ]]; then
    PROMPT_COMMAND=$_daybook_prompting${first:+$'\n'$first}
  elif [[ ${before##*[!;[:space:]]} == *[\;$'\n']* ]]; then
    # As in `PROMPT_COMMAND="history -a; $PROMPT_COMMAND"`, after which the exit code would be that of `history`.
    after=${first#*"$_daybook_prompting"}
    after=${after#"${after%%[!;[:space:]]*}"}
    PROMPT_COMMAND=$_daybook_prompting$'\n'$before$after
  fi
  # Since 5.1 it may be an array, whose elements all see the exit code and PIPESTATUS. Who sets it anew without knowing that
  # leaves the last of them, which looks after the first.
  ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)) || return 0
  for each in "${PROMPT_COMMAND[@]}"; do
    [[ $each != "$_daybook_watching" ]] || return 0
  done
  PROMPT_COMMAND+=("$_daybook_watching")
}

# The last of PROMPT_COMMAND: whether ours has not been run at this prompt.
_daybook_lost() {
  local code=$? is_lost=0
  [[ ${PROMPT_COMMAND-} != "$_daybook_prompting"* && -z $_daybook_by ]] || return 1
  [[ ${PROMPT_COMMAND+${PROMPT_COMMAND@a}} != *r* ]] || return 1
  _daybook_status=$code
  [[ ${PROMPT_COMMAND-} != *"$_daybook_prompting"* ]] || is_lost=1
  _daybook_install
  return "$is_lost"
} 2>/dev/null

# Sees, outside any function, whether a DEBUG trap of others is there; then ours stays away.
_daybook_look() {
  local trap=
  IFS= read -r -d '' trap <"$_daybook_line" || :
  [[ -z $trap ]] || : >|"$_daybook_line"
  # A posix shell says that there is none.
  [[ -n $trap && $trap != 'trap -- - '* && $trap != *_daybook_debug* ]] || _daybook_armed=1
} 2>/dev/null

# What follows in PROMPT_COMMAND sees the exit code. Called before a `&&`, so that neither `set -e` nor a trap on ERR does.
_daybook_back() {
  return "$_daybook_status"
}

# bash-preexec and ble.sh.
_daybook_preexec() {
  _daybook_clock
  _daybook_begun=
  if _daybook_begin "${1-}" "$_daybook_now" "$PWD"; then _daybook_begun=1; fi
} 2>/dev/null

_daybook_prompt() {
  local code=$?
  _daybook_clock
  [[ -z $_daybook_begun ]] || _daybook_end "$code" "$_daybook_now"
  _daybook_begun=
} 2>/dev/null

_daybook_join() {
  [[ -z $_daybook_by ]] || return 0
  _daybook_by=others _daybook_begun= _daybook_armed=
  if [[ -n ${BLE_VERSION-} ]]; then
    blehook PREEXEC+=_daybook_preexec PRECMD+=_daybook_prompt
  else
    preexec_functions+=(_daybook_preexec)
    precmd_functions+=(_daybook_prompt)
  fi
}

_daybook_load
_daybook_armed= _daybook_ps0=
if [[ -n ${bash_preexec_imported-${__bp_imported-}} || -n ${BLE_VERSION-} ]]; then
  _daybook_join 2>/dev/null
else
  # At the outermost level, as a function has no DEBUG trap of its own.
  # shellcheck disable=SC2016
  _daybook_prompting='_daybook_precmd; if [[ -z $_daybook_by && -z ${FUNCNAME-} && -f $_daybook_line ]]; then trap -p DEBUG 1<>"$_daybook_line"; _daybook_look; if [[ -n $_daybook_armed ]]; then trap '\''_daybook_debug "$_"; [[ -n $_daybook_armed ]] || trap - DEBUG; : "$_daybook_last"'\'' DEBUG; fi; fi; _daybook_back && :'
  # shellcheck disable=SC2016
  _daybook_watching='if _daybook_lost; then _daybook_back && :; eval "$_daybook_prompting" || :; fi'
  _daybook_install
fi
if [[ -n $_daybook_exports ]]; then set -a; fi
