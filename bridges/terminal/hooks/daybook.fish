# Tells Daybook which commands an interactive fish runs: read by a file in conf.d that `daybook connect terminal` writes.
# Builtins only between two prompts, no fork, never a word on the terminal. What a record is: bridges/terminal/records.ts.
# Not for: what a command prints, which is never looked at, or sending anything, which the bridge does.
# `set -gx DAYBOOK_TERMINAL off` stops it, `set -e DAYBOOK_TERMINAL` goes on; a private fish is never recorded.
status is-interactive; or return 0
functions -q _daybook_begin; and return 0

set -g _daybook_spool "$HOME/.local/state/daybook/terminal"
test -n "$XDG_STATE_HOME"; and set -g _daybook_spool "$XDG_STATE_HOME/daybook/terminal"
set -g _daybook_commands
set -g _daybook_directories
set -g _daybook_session
set -g _daybook_agent
set -g _daybook_begun
set -g _daybook_n 0
set -g _daybook_bytes 0
set -g _daybook_pwd
set -g _daybook_head
set -g _daybook_root
set -g _daybook_branch

# A pattern of shells as a regular expression, as those of fish have no `[a-z]`.
function _daybook_regex
    string escape --style=regex -- $argv[1] | string replace -a '\*' '.*' | string replace -a '\?' . | string replace -a '\-' - |
        string replace -ra '\\\\\[[!^]([^\]]*)\\\\\]' '[^$1]' | string replace -ra '\\\\\[([^\]]*)\\\\\]' '[$1]'
end

function _daybook_load
    if test -r $argv[1]/settings
        while read -l -d ' ' key value
            switch "$key"
                case spool
                    set -g _daybook_spool $value
                case command
                    set -a _daybook_commands (_daybook_regex $value)
                case directory
                    set -a _daybook_directories (_daybook_regex (string replace -r '^~' $HOME -- $value))
            end
        end <$argv[1]/settings
    end
    if test -r /proc/sys/kernel/random/uuid
        read -g _daybook_session </proc/sys/kernel/random/uuid
    else
        set -g _daybook_session (printf '%x-%x-%04x%04x%04x%04x' (/bin/date +%s) $fish_pid (random 0 65535) (random 0 65535) \
            (random 0 65535) (random 0 65535))
    end
    # fish tells no time. Where the kernel says how long it runs, to a hundredth, one look at a clock is enough.
    if test -r /proc/uptime
        read -l -d ' ' up idle </proc/uptime
        set -g _daybook_base (math -s2 (/bin/date +%s.%N) - $up)
    end
    for name in CLAUDECODE:claude-code CODEX_SANDBOX:codex CODEX_THREAD_ID:codex COPILOT_CLI:copilot OPENCODE:opencode \
            PI_CODING_AGENT:pi GEMINI_CLI:gemini CURSOR_AGENT:cursor
        set -l pair (string split : $name)
        set -l variable $pair[1]
        test -n "$$variable"; and set -g _daybook_agent $pair[2]
    end
    test -z "$_daybook_agent"; and set -g _daybook_agent "$AI_AGENT"
    set -g _daybook_file $_daybook_spool/$fish_pid-$_daybook_session
    if not test -d $_daybook_spool
        set -l mask (umask)
        umask 077
        /bin/mkdir -p $_daybook_spool
        umask $mask
    end
end

# The time in seconds, into _daybook_now. Without /proc: when the spool was last written, which is just now.
function _daybook_clock
    if set -q _daybook_base
        read -l -d ' ' up idle </proc/uptime
        set -g _daybook_now (math -s2 $_daybook_base + $up)
    else if _daybook_touch
        set -g _daybook_now (path mtime -- $_daybook_file 2>/dev/null; or /bin/date +%s)
    else
        set -g _daybook_now (/bin/date +%s)
    end
end

# Makes the file, with 0600 whatever the umask is; without /proc it makes it newer, too. Fails where it cannot be written.
function _daybook_touch
    if not test -e $_daybook_file
        test -w $_daybook_spool; or return 1
        set -l mask (umask)
        umask 077
        printf '\0' >>$_daybook_file
        umask $mask
        set -g _daybook_bytes 0
    else if not set -q _daybook_base
        printf '\0' >>$_daybook_file
    end
    # While nobody takes what is written.
    test -w $_daybook_file -a $_daybook_bytes -lt 16777216
end

function _daybook_put
    _daybook_touch; or return 0
    printf '%s\0' '' daybook1 $argv . >>$_daybook_file
end

# The branch and the root of the repository that $PWD is in, by reading .git/HEAD; where that is, is remembered.
function _daybook_git
    set -g _daybook_branch
    if test "$PWD" != "$_daybook_pwd" -o ! -r "$_daybook_head"
        set -g _daybook_pwd $PWD
        set -g _daybook_head
        set -g _daybook_root
        set -l folder $PWD
        set -l git
        while test -n "$folder"
            if test -d "$folder/.git"
                set git $folder/.git
                break
            else if test -f "$folder/.git"
                read -l line <"$folder/.git"
                set git (string replace -r '^gitdir: ' '' -- $line)
                string match -q '/*' -- $git; or set git $folder/$git
                break
            end
            set folder (string replace -r '/[^/]*$' '' -- $folder)
        end
        test -n "$git"; or return 0
        set -g _daybook_head $git/HEAD
        # A worktree is of its repository.
        set -g _daybook_root $folder
        if string match -q '*/.git/worktrees/*' -- $git
            set -g _daybook_root (string replace -r '/\.git/worktrees/.*' '' -- $git)
        end
    end
    read -l line <$_daybook_head
    if string match -q 'ref: refs/heads/*' -- $line; and test "$line" != 'ref: refs/heads/.invalid'
        set -g _daybook_branch (string sub -s 17 -- $line)
    end
end

function _daybook_begin --on-event fish_preexec
    set -l text $argv[1]
    set -g _daybook_begun
    test "$DAYBOOK_TERMINAL" != off -a -z "$fish_private_mode"; or return 0
    string match -qr '^\S' -- "$text"; or return 0
    for pattern in $_daybook_commands
        string match -qr -- "(?s)^$pattern\$" "$text"; and return 0
    end
    for pattern in $_daybook_directories
        string match -qr -- "(?s)^$pattern(/.*)?\$" $PWD; and return 0
    end
    set -l cut
    set -l length (string length -- "$text")
    if test $length -gt 65536
        set cut $length
        set length 65536
        set text (string sub -l 65536 -- "$text" | string collect)
    end
    begin
        _daybook_clock
        _daybook_git
        set -g _daybook_n (math $_daybook_n + 1)
        set -g _daybook_begun 1
        set -g _daybook_bytes (math $_daybook_bytes + 512 + $length)
        _daybook_put kind=begin "session=$_daybook_session" n=$_daybook_n at=$_daybook_now pid=$fish_pid \
            "shell=fish $FISH_VERSION" level=$SHLVL "host=$hostname" "cwd=$PWD" "root=$_daybook_root" \
            "branch=$_daybook_branch" "agent=$_daybook_agent" "cut=$cut" "command=$text"
    end 2>/dev/null
end

function _daybook_end --on-event fish_postexec
    set -l code $status
    test -n "$_daybook_begun"; or return 0
    set -g _daybook_begun
    _daybook_put kind=end "session=$_daybook_session" n=$_daybook_n exit=$code "ms=$CMD_DURATION" 2>/dev/null
end

_daybook_load (status dirname) 2>/dev/null
