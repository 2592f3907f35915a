/* cli/suggest.h -- `cardo import --suggest FILE`: a mapping on standard output, what was found on standard
 * error. */
#ifndef CD_CLI_SUGGEST_H
#define CD_CLI_SUGGEST_H

#include "base/cx.h"

/* The exit status: 0 when there is something to run next. */
int cd_cli_suggest(struct cd_cx *, const char *const *files, unsigned n);

#endif
