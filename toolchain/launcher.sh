#!/bin/sh
# dhanman-pulumi-launcher, written by `make setup`: runs the Pulumi CLI with what belongs to this clone.
#
# Pulumi keeps the salt of its passphrase in the stack file. With this clone's own backend that would put a line
# into a tracked file that is of use to nobody else, so for that backend alone, and only where the stack file names
# no secrets provider of its own, the CLI gets a copy of the stack file with the salt in it (--config-file).
set -u
root=@ROOT@
cli=@CLI@
local_backend=@BACKEND@

export PULUMI_HOME="$root/.local/pulumi"
export PULUMI_SKIP_UPDATE_CHECK=true
export PATH="$root/.venv/bin:$PATH"
@ACQUISITION@
[ -n "${PULUMI_BACKEND_URL:-}" ] || export PULUMI_BACKEND_URL="$local_backend"
[ "$PULUMI_BACKEND_URL" = "$local_backend" ] || exec "$cli" "$@"

if [ -z "${PULUMI_CONFIG_PASSPHRASE+set}" ] && [ -z "${PULUMI_CONFIG_PASSPHRASE_FILE:-}" ]; then
    export PULUMI_CONFIG_PASSPHRASE_FILE="$root/.local/passphrase"
fi

command='' stack='' directory=. takes=''
for argument do
    case $takes in
        stack) stack=$argument takes='' && continue ;;
        directory) directory=$argument takes='' && continue ;;
        value) takes='' && continue ;;
        own) exec "$cli" "$@" ;;
    esac
    case $argument in
        --) break ;;
        --stack) takes=stack ;;
        --stack=*) stack=${argument#*=} ;;
        --cwd) takes=directory ;;
        --cwd=*) directory=${argument#*=} ;;
        --color | --verbose | --tracing | --profiling | --memprofilerate | --message | --target) takes=value ;;
        --config-file | --config-file=*) takes=own ;;
        --*) ;;
        -?*)
            # short options may stand together (-ys qa) and hold their value (-sqa, -s=qa)
            letters=${argument#-}
            while [ -n "$letters" ]; do
                letter=${letters%"${letters#?}"} letters=${letters#?}
                case $letter in
                    s) [ -n "$letters" ] && stack=${letters#=} || takes=stack ;;
                    C) [ -n "$letters" ] && directory=${letters#=} || takes=directory ;;
                    c | m | p | t | v) [ -n "$letters" ] || takes=value ;;
                    *) continue ;;
                esac
                break
            done
            ;;
        *) [ -n "$command" ] || command=$argument ;;
    esac
done
[ "$takes" != own ] || exec "$cli" "$@"

case $command in
    up | update | destroy | down | dn | refresh | import | watch) writes=1 ;;
    preview | pre) writes= ;;
    *) exec "$cli" "$@" ;;
esac

# The project in force is the nearest one upwards of the working directory; others are none of our business.
here=$(cd "$directory" 2>/dev/null && pwd -P) || exec "$cli" "$@"
while [ "$here" != / ] && [ ! -f "$here/Pulumi.yaml" ]; do here=$(dirname "$here"); done
[ "$here" = "$root" ] || exec "$cli" "$@"

[ -n "$stack" ] || stack=${PULUMI_STACK:-}
[ -n "$stack" ] || stack=$("$cli" --cwd "$root" stack --show-name 2>/dev/null </dev/null) || exec "$cli" "$@"
stack=${stack##*/}

case $writes$stack in
    1prod | 1qa)
        echo "pulumi $command: the backend in this clone is for previews of $stack and for the local stack;" \
            "set PULUMI_BACKEND_URL to the backend that your team shares" >&2
        exit 1
        ;;
esac

tracked=$root/Pulumi.$stack.yaml
salt=$root/.local/stacks/$stack.salt
if [ -f "$salt" ] && [ -f "$tracked" ] &&
    ! grep -Eq '^(encryptionsalt|encryptedkey|secretsprovider):' "$tracked"; then
    derived=$root/.local/stacks/Pulumi.$stack.yaml
    (
        umask 077
        { cat "$tracked" && printf '\nencryptionsalt: ' && cat "$salt"; } >"$derived.$$" && mv "$derived.$$" "$derived"
    ) || exit 1
    export PULUMI_OPTION_CONFIG_FILE="$derived"
    unset PULUMI_CONFIG_PASSPHRASE
    export PULUMI_CONFIG_PASSPHRASE_FILE="$root/.local/passphrase"
fi
exec "$cli" "$@"
