/* redfish-words.c - what messages mean of which services send the id alone,
 * and what a refusal means.  No I/O.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <string.h>

#include "redfish-internal.h"

/* By the last part of the id: registries' versions come and go. */
static const struct {
  const char *key, *sentence;
  int busy; /* it passes by itself */
} known[] = {
  { "FirmwareFlashAlreadyInProgress",   "another firmware update is under way", 1 },
  { "ResourceBeingFlashed",             "its firmware is being updated", 1 },
  { "ComponentUploadAlreadyInProgress", "another upload is under way", 1 },
  { "ResetInProgress",                  "it is restarting", 1 },
  { "ResourceInUse",                    "it is in use", 1 },
  { "UpdateInPOST",                     "the server is in its self test, where nothing can be updated", 1 },
  { "UnableToModifyDuringSystemPOST",   "the server is in its self test, where nothing can be changed", 1 },
  { "OemFirmwareAlreadyInUpdateMode",   "it is in update mode already; a cold reset of the BMC ends that", 1 },
  { "SYS518",                           "it is busy with another job", 1 },
  { "ServiceTemporarilyUnavailable",    "it is busy", 1 },
  { "FirmwareUpdateConflictError",      "another firmware update is under way", 1 },
  { "ComponentUploadFailed",            "the component couldn't be uploaded, or its signature is wrong", 0 },
  { "SimpleUpdateInvalidImageURI",      "it can't use that address of the image", 0 },
  { "ImageTransferFailed",              "it couldn't fetch the image", 0 },
  { "TransferFailed",                   "it couldn't fetch the image", 0 },
  { "FirmwareUpdateDownloadFailure",    "it couldn't fetch the image", 0 },
  { "FirmwareIncompatibleError",        "this firmware isn't for this machine", 0 },
  { "FirmwareUpdateCancelledPowerOff",  "the update was cancelled, since the power was turned off", 0 },
  { "UpdateInvalidFile",                "the image is damaged, or no firmware of this kind", 0 },
  { "UpdateSignatureMissing",           "the image isn't signed", 0 },
  { "UpdateBadParameter",               "it refuses what was asked for", 0 },
  { "UpdateFailed",                     "the update has failed", 0 },
  { "UpdateNotApplicable",              "this firmware isn't for this machine", 0 },
  { "UpdateDependencyFailure",          "other firmware must be updated first", 0 },
  { "UpdateWithPowerOff",               "this can be updated only while the server is off", 0 },
  { "UpdateWithPowerOn",                "this can be updated only while the server is on", 0 },
  { "UpdateRepositoryUnavailable",      "its repository can't be used, or the file in it is locked", 0 },
  { "UpdateTaskQueueFull",              "its task queue is full", 0 },
  { "UpdateImageTooLarge",              "the image is larger than it takes", 0 },
  { "UpdateSkippedSameVersion",         "it has this version already", 0 },
  { "UpdateSkippedVersionTooLow",       "it takes no older version", 0 },
  { "FWFlashTPMOverrideFlagRequired",   "a TPM is on: the update must say that it knows", 0 },
  { "VerificationFailed",               "the image is damaged, or its signature is wrong", 0 },
  { "VerifyFailed",                     "the image is damaged, or its signature is wrong", 0 },
  { "ApplyFailed",                      "it couldn't install the image", 0 },
  { "ActivateFailed",                   "it couldn't activate the image", 0 },
  { "InsufficientPrivilege",            "the user lacks a privilege for that", 0 },
  { "ResourceMissingAtURI",             "there is no such resource", 0 },
  { "PreconditionFailed",               "it was changed by another meanwhile", 0 },
};

const char *
fettle_redfish_sentence (const char *key)
{
  size_t i;

  for (i = 0; i < FETTLE_COUNT (known); i++)
    if (strcmp (known[i].key, key) == 0)
      return known[i].sentence;
  return NULL;
}

int
fettle_redfish_says_busy (const char *words)
{
  size_t i;

  for (i = 0; i < FETTLE_COUNT (known); i++)
    if (known[i].busy && strstr (words, known[i].key))
      return 1;
  return 0;
}

fettle_result
fettle_redfish_code (int32_t status, int changing, const char *words)
{
  if (status == 401 || status == 403)
    return FETTLE_E_AUTH;
  if (status == 503 || status == 429 || status == 409 || fettle_redfish_says_busy (words))
    return FETTLE_E_BUSY;
  if (status == 404 || status == 405 || status == 501)
    return FETTLE_E_UNSUPPORTED;
  return changing && status >= 400 && status < 500 ? FETTLE_E_REJECTED : FETTLE_E_PROTOCOL;
}
