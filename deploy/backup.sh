#!/bin/sh
# Backs an installation on PostgreSQL up: the database, the pictures (when they lie in a folder), the keys.
#   backup.sh DATABASE-URL BLOBS-FOLDER KEYS-FOLDER TARGET
# May run while people work. The dump comes first: a picture without a row harms nothing, a row without its picture does.
# Pictures never change, so only new ones are copied; run it as often as you like into the same target.
set -eu
database=$1 blobs=$2 keys=$3 target=$4
mkdir -p "$target/blobs" "$target/keys"
pg_dump --format=custom --file="$target/rcoi.dump.part" "$database"
mv "$target/rcoi.dump.part" "$target/rcoi.dump"
cp --archive --no-clobber "$blobs/." "$target/blobs/"
rm -rf "$target/blobs/.parts"
cp --archive "$keys/." "$target/keys/"
sync
echo "backed up to $target: $(find "$target/blobs" -type f | wc -l) pictures and packages"
