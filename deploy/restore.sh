#!/bin/sh
# Brings back what backup.sh kept, into a database that is not there yet and a folder without pictures.
#   restore.sh TARGET-OF-THE-BACKUP SERVER-URL DATABASE-NAME BLOBS-FOLDER KEYS-FOLDER
# SERVER-URL is that of a database where the role may make others: postgres://postgres@host:5432/postgres
set -eu
kept=$1 server=$2 name=$3 blobs=$4 keys=$5
psql --quiet --set=ON_ERROR_STOP=1 --command="CREATE DATABASE $name TEMPLATE template0 ENCODING 'UTF8'" "$server"
pg_restore --exit-on-error --no-owner --no-privileges --dbname="${server%/*}/$name" "$kept/rcoi.dump"
mkdir -p "$blobs" "$keys"
cp --archive --no-clobber "$kept/blobs/." "$blobs/"
cp --archive --no-clobber "$kept/keys/." "$keys/"
sync
echo "restored; next: rcoi audit verify, rcoi admin queue"
