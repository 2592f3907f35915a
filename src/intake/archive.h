/* intake/archive.h -- several tables in one: a zip file, or a folder. One member is read at a time. */
#ifndef CD_INTAKE_ARCHIVE_H
#define CD_INTAKE_ARCHIVE_H

#include "intake/stream.h"

struct cd_archive;
/* A folder, or a zip file. CD_E_NOT_FOUND, CD_E_IO, CD_E_CORRUPT: no zip file. `path` is borrowed. */
cd_code cd_archive_open(struct cd_cx *, const char *path, struct cd_archive **ret);
/* A zip file in memory, which is borrowed. CD_E_CORRUPT */
cd_code cd_archive_memory(struct cd_cx *, cd_str, struct cd_archive **ret);
void cd_archive_close(struct cd_archive *); /* NULL is fine */

/*
 * The member of that name; in a zip file or else the first that has it in a folder. Close it before the next
 * one. It is unpacked as it is read. Reading it fails with CD_E_CORRUPT at the latest at its end when bytes
 * are missing or wrong. CD_E_NOT_FOUND; CD_E_CORRUPT: damaged, or packed in a way that is not supported
 * (encryption, zstd)
 */
cd_code cd_archive_member(struct cd_cx *, struct cd_archive *, cd_str name, struct cd_stream **ret);

#endif
