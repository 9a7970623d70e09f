# Shared by start, stop and status: where things are, and how other hosts are reached. To be sourced, not run.
# shellcheck shell=bash
set -euo pipefail

verb="$(basename "$0")"
here="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
root="$(cd "$here/../.." && pwd)"
made_home="$root/cluster/target/spark-home"
folder="${KINDLING_CLUSTER_DIR:-$root/cluster/target/standalone}"
state="$folder/$(uname -n)"                  # this machine's own: hosts may share the folder
hosts_file="$state/hosts"

fail() { printf 'kindling: standalone/%s: %s\n' "$verb" "$1" >&2; exit 2; }

find_spark_home() {
  local home="${SPARK_HOME:-}"
  if [ -z "$home" ] || ! compgen -G "$home/jars/spark-core_2.13-4.2.*.jar" >/dev/null; then home="$made_home"; fi
  [ -f "$home/RELEASE" ] || "$root/kindling" --version >/dev/null || fail "the Spark home could not be built, see above"
  export SPARK_HOME="$home" SPARK_SCALA_VERSION=2.13 SPARK_DAEMON_MEMORY="${SPARK_DAEMON_MEMORY:-512m}"
  # spark-defaults.conf there holds for master, workers and what is submitted: authentication, secrets, ports
  if [ -z "${SPARK_CONF_DIR:-}" ] && [ -f "$root/cluster/conf/spark-defaults.conf" ]; then
    export SPARK_CONF_DIR="$root/cluster/conf"
  fi
}

# The daemons of this host, by the names of their pid files: master, worker-1, worker-2, ...
daemons() {
  local file
  for file in "$state"/*.pid; do
    [ -e "$file" ] && basename "$file" .pid
  done
  return 0
}

class_of() { # daemon
  case "$1" in
    master) echo org.apache.spark.deploy.master.Master ;;
    *) echo org.apache.spark.deploy.worker.Worker ;;
  esac
}

pid_of() { cat "$state/$1.pid"; }

# A number in a pid file may long belong to another process: it must be the daemon's own JVM, or the shell that becomes it.
is_running() { # daemon
  local pid
  pid="$(pid_of "$1")"
  kill -0 "$pid" 2>/dev/null && ps -ww -o command= -p "$pid" 2>/dev/null | grep -qF "$(class_of "$1")"
}

# Runs a script of this folder on another host, where Kindling is in the same folder. KINDLING_SSH reaches it. With
# KINDLING_ONLY_HERE it goes to no further hosts: one that is reached may itself have a file of hosts, with this one in it.
on_host() { # host, script, arguments
  local host="$1" script="$2" command
  shift 2
  printf -v command '%q ' KINDLING_ONLY_HERE=1 "KINDLING_CLUSTER_DIR=$folder" ${JAVA_HOME:+"JAVA_HOME=$JAVA_HOME"} \
    ${SPARK_CONF_DIR:+"SPARK_CONF_DIR=$SPARK_CONF_DIR"} bash "$here/$script" "$@"
  # shellcheck disable=SC2086  # a command and its options
  ${KINDLING_SSH:-ssh -o BatchMode=yes -o ConnectTimeout=10} "$host" "env $command" </dev/null
}
