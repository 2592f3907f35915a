/* intake/letters.h -- letters of Latin scripts as plain ones: ä is a, ø is o, ß is ss. */
#ifndef CD_INTAKE_LETTERS_H
#define CD_INTAKE_LETTERS_H

#include "base/str.h"

/* Takes one character off UTF-8 text that is not empty. Its ASCII letters (up to two, capitals stay) or
 * digit; n == 0 when it is neither, which parts words. */
cd_str cd_plain_letters(cd_str *rest);

#endif
