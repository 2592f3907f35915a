/* How far an import has come. One line of JSON, put in place whole. */
#include "cli/import.h"

#include <stdlib.h>
#include <unistd.h>

static bool number(const struct cd_json *v, const char *name, uint64_t *ret)
{
	const struct cd_json *m = cd_json_get(v, cd_str_z(name));
	unsigned long long n;
	if (!m || m->kind != CD_JSON_NUMBER || !cd_str_u64(m->text, &n))
		return false;
	*ret = n;
	return true;
}

bool cd_progress_read(struct cd_progress *p, struct cd_cx *cx)
{
	char text[1024];
	struct cd_json *v;
	struct cd_progress found = *p;
	uint64_t file = 0;
	FILE *f = fopen(p->path, "rb");
	if (!f)
		return false;
	size_t n = fread(text, 1, sizeof text, f);
	fclose(f);
	/* one that is not whole, or of an older form, says nothing: then everything is written again */
	bool good = !cd_json_parse_copy(cx, cd_str_of(text, n), &v) && number(v, "job", &found.job) &&
		    number(v, "file", &file) && number(v, "size", &found.size) &&
		    number(v, "modified", &found.modified_us) && number(v, "entities", &found.entities) &&
		    number(v, "refused", &found.refused) && file < 1000000;
	cd_cx_clear(cx);
	if (!good)
		return false;
	if (found.job != p->job) {
		(void)cd_fail(cx, CD_E_CONFLICT, "--resume",
			"What was interrupted here was another import (other files, mapping, tenant or "
			"mode)");
		return false;
	}
	found.file = (unsigned)file;
	*p = found;
	return true;
}

void cd_progress_write(struct cd_progress *p, bool now)
{
	char part[4200];
	cd_time_us clock = cd_time_mono();
	if (!p->path[0] || (!now && clock - p->written < 200000))
		return;
	p->written = clock;
	snprintf(part, sizeof part, "%s.part", p->path);
	FILE *f = fopen(part, "wb");
	if (!f)
		return;
	int n = fprintf(f,
		"{\"job\":%llu,\"file\":%u,\"size\":%llu,\"modified\":%llu,\"entities\":%llu,\"refused\":%"
		"llu}\n",
		(unsigned long long)p->job, p->file, (unsigned long long)p->size,
		(unsigned long long)p->modified_us, (unsigned long long)p->entities,
		(unsigned long long)p->refused);
	if (fclose(f) != 0 || n < 0 || rename(part, p->path) != 0)
		(void)unlink(part); /* best effort: the one before stays true */
}

void cd_progress_end(struct cd_progress *p)
{
	if (p->path[0])
		(void)unlink(p->path); /* best effort: a later import writes over it */
}
