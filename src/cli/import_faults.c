/* Faults of imported data: counted by kind, the first ones shown, all of them in a file for a spreadsheet. */
#include "cli/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

cd_code cd_faults_open(struct cd_faults *f, struct cd_cx *cx)
{
	if (!f->path)
		return CD_OK;
	f->file = fopen(f->path, "wb");
	if (!f->file)
		return cd_fail(cx, CD_E_IO, f->path, "%s", strerror(errno));
	f->failed = fputs("file,line,kind,detail\r\n", f->file) < 0;
	return CD_OK;
}

/* A field of RFC 4180, always quoted. */
static void put_field(FILE *to, cd_str text)
{
	fputc('"', to);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			fputc('"', to);
		fputc(text.p[i], to);
	}
	fputc('"', to);
}

static void put_row(struct cd_faults *f, const struct cd_map_fault *fault)
{
	put_field(f->file, cd_str_z(fault->file));
	fprintf(f->file, ",%llu,", (unsigned long long)fault->line);
	put_field(f->file, fault->kind);
	fputc(',', f->file);
	put_field(f->file, fault->detail);
	f->failed |= fputs("\r\n", f->file) < 0;
}

static unsigned kind_of(struct cd_faults *f, cd_str name)
{
	for (unsigned i = 0; i < f->kinds_n; i++)
		if (cd_str_eq(cd_str_z(f->kinds[i].name), name))
			return i;
	if (f->kinds_n == CD_FAULT_KINDS_MAX)
		return CD_FAULT_KINDS_MAX - 1;
	snprintf(f->kinds[f->kinds_n].name, sizeof f->kinds->name, CD_STR_FMT, CD_STR_ARG(name));
	return f->kinds_n++;
}

/* What came from a file may hold bytes that move a terminal's cursor. */
static void show(const struct cd_map_fault *fault)
{
	fprintf(stderr, "%s:%llu: " CD_STR_FMT ": ", fault->file, (unsigned long long)fault->line,
		CD_STR_ARG(fault->kind));
	for (size_t i = 0; i < fault->detail.n; i++)
		fputc((unsigned char)fault->detail.p[i] < 0x20 || fault->detail.p[i] == 0x7F
				? ' '
				: fault->detail.p[i],
			stderr);
	fputc('\n', stderr);
}

void cd_faults_add(struct cd_faults *f, const struct cd_map_fault *fault)
{
	unsigned kind = kind_of(f, fault->kind);
	f->n++;
	f->kinds[kind].n++;
	if (f->file)
		put_row(f, fault);
	if (f->kinds[kind].n <= CD_FAULTS_SHOWN)
		show(fault);
	if (f->kinds[kind].n == CD_FAULTS_SHOWN)
		fprintf(stderr, "(further ones of the kind %s are only counted%s)\n", f->kinds[kind].name,
			f->file ? ", and in the file" : "; --faults FILE keeps all");
}

void cd_faults_tell(const struct cd_faults *f, FILE *to)
{
	bool told[CD_FAULT_KINDS_MAX] = {false};
	for (unsigned i = 0; i < f->kinds_n; i++) {
		unsigned most = CD_FAULT_KINDS_MAX;
		for (unsigned k = 0; k < f->kinds_n; k++)
			if (!told[k] && (most == CD_FAULT_KINDS_MAX || f->kinds[k].n > f->kinds[most].n))
				most = k;
		told[most] = true;
		fprintf(to, "  %-16s %llu\n", f->kinds[most].name, (unsigned long long)f->kinds[most].n);
	}
}

cd_code cd_faults_close(struct cd_faults *f, struct cd_cx *cx)
{
	if (!f->file)
		return CD_OK;
	f->failed |= fclose(f->file) != 0;
	f->file = NULL;
	return f->failed ? cd_fail(cx, CD_E_IO, f->path, "The faults could not all be written") : CD_OK;
}
