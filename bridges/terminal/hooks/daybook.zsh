# Tells Daybook which commands an interactive zsh runs: read by a line in .zshrc that `daybook connect terminal` writes.
# Builtins only between two prompts, no fork, never a word on the terminal. What a record is: bridges/terminal/records.ts.
# Not for: what a command prints, which is never looked at, or sending anything, which the bridge does.
# `DAYBOOK_TERMINAL=off` stops it, `unset DAYBOOK_TERMINAL` goes on.
[[ -n ${ZSH_VERSION-} && -o interactive ]] || return 0
(( ! ${+functions[_daybook_begin]} )) || return 0
zmodload zsh/datetime zsh/system 2>/dev/null || return 0
autoload -Uz add-zsh-hook || return 0

typeset -g _daybook_spool=${XDG_STATE_HOME:-$HOME/.local/state}/daybook/terminal
typeset -g _daybook_session= _daybook_agent= _daybook_begun= _daybook_pwd= _daybook_head= _daybook_root= _daybook_branch=
typeset -gi _daybook_n=0 _daybook_bytes=0
typeset -ga _daybook_commands=() _daybook_directories=()

_daybook_load() {
  emulate -L zsh
  local key value name
  if [[ -r $1/settings ]]; then
    while IFS=' ' read -r key value || [[ -n $key ]]; do
      case $key in
        (spool) _daybook_spool=$value ;;
        (command) _daybook_commands+=("$value") ;;
        (directory) _daybook_directories+=("${value/#\~/$HOME}") ;;
      esac
    done <$1/settings
  fi
  if [[ -r /proc/sys/kernel/random/uuid ]]; then
    IFS= read -r _daybook_session </proc/sys/kernel/random/uuid
  else
    printf -v _daybook_session '%x-%x-%04x%04x%04x%04x' $EPOCHSECONDS $$ $RANDOM $RANDOM $RANDOM $RANDOM
  fi
  for name in CLAUDECODE:claude-code CODEX_SANDBOX:codex CODEX_THREAD_ID:codex COPILOT_CLI:copilot OPENCODE:opencode \
    PI_CODING_AGENT:pi GEMINI_CLI:gemini CURSOR_AGENT:cursor; do
    key=${name%%:*}
    [[ -z ${(P)key-} ]] || _daybook_agent=${name#*:}
  done
  [[ -n $_daybook_agent ]] || _daybook_agent=${AI_AGENT-}
  typeset -g _daybook_file=$_daybook_spool/$$-$_daybook_session
  [[ -d $_daybook_spool ]] || (umask 077 && /bin/mkdir -p $_daybook_spool)
}

# Appends a record of these fields by one write.
_daybook_put() {
  local record=$'\0daybook1\0'${(pj:\0:)@}$'\0.\0' fd
  if [[ ! -e $_daybook_file ]]; then
    [[ -w $_daybook_spool ]] || return 0
    _daybook_bytes=0
  fi
  # While nobody takes what is written.
  (( _daybook_bytes < 16777216 )) || return 0
  _daybook_bytes+=$#record
  sysopen -a -m 0600 -o creat,cloexec -u fd -- $_daybook_file || return 0
  syswrite -o $fd -- $record
  exec {fd}>&-
}

# The branch and the root of the repository that $PWD is in, by reading .git/HEAD; where that is, is remembered.
_daybook_git() {
  local folder=$PWD git= line=
  _daybook_branch=
  if [[ $PWD != $_daybook_pwd || ! -r $_daybook_head ]]; then
    _daybook_pwd=$PWD _daybook_head= _daybook_root=
    while [[ -n $folder ]]; do
      if [[ -d $folder/.git ]]; then
        git=$folder/.git
        break
      elif [[ -f $folder/.git ]]; then
        IFS= read -r git <$folder/.git
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
      (*/.git/worktrees/*) _daybook_root=${git%%/.git/worktrees/*} ;;
      (*) _daybook_root=$folder ;;
    esac
  fi
  IFS= read -r line <$_daybook_head
  case $line in
    ('ref: refs/heads/.invalid') ;;
    ('ref: refs/heads/'*) _daybook_branch=${line#ref: refs/heads/} ;;
  esac
}

# preexec: $1 is the line as it was typed, without a history $3 is what is run.
_daybook_begin() {
  emulate -L zsh -o no_xtrace -o no_err_exit -o no_err_return -o multibyte
  local text=${1:-$3} at=$EPOCHREALTIME pattern cut=
  _daybook_begun=
  text=${text//$'\0'/}
  while [[ $text == *$'\n' ]]; do text=${text%$'\n'}; done
  [[ ${DAYBOOK_TERMINAL-} != off && -n $text && $text != [[:space:]]* ]] || return 0
  for pattern in "${_daybook_commands[@]}"; do
    [[ $text != ${~pattern} ]] || return 0
  done
  for pattern in "${_daybook_directories[@]}"; do
    [[ $PWD != ${~pattern} && $PWD != ${~pattern}/* ]] || return 0
  done
  if (( $#text > 65536 )); then
    cut=$#text
    text=$text[1,65536]
  fi
  _daybook_git
  _daybook_n+=1
  _daybook_begun=1
  _daybook_put kind=begin "session=$_daybook_session" "n=$_daybook_n" "at=$at" "pid=$$" "shell=zsh $ZSH_VERSION" \
    "level=${SHLVL-}" "host=${HOST-}" "cwd=$PWD" "root=$_daybook_root" "branch=$_daybook_branch" \
    "agent=$_daybook_agent" "cut=$cut" "command=$text"
} 2>/dev/null

# precmd.
_daybook_end() {
  local -i code=$?
  emulate -L zsh -o no_xtrace -o no_err_exit -o no_err_return
  [[ -n $_daybook_begun ]] || return 0
  _daybook_begun=
  _daybook_put kind=end "session=$_daybook_session" "n=$_daybook_n" "exit=$code" "until=$EPOCHREALTIME"
} 2>/dev/null

_daybook_load "${${(%):-%x}:A:h}" 2>/dev/null
# The first of precmd, so that what others do there is not part of a command's time.
add-zsh-hook preexec _daybook_begin
typeset -ga precmd_functions
_daybook_first() {
  emulate -L zsh
  precmd_functions=(_daybook_end "${(@)precmd_functions:#_daybook_end}")
}
_daybook_first
unfunction _daybook_first
