; How the program is closed and replaced.
;
; Order of a replacement: NAME-new.exe is written and flushed, then renamed over NAME.exe in one step. That step is refused
; while somebody runs NAME.exe (another person who is signed in, a practice window); then the new one is renamed to
; NAME-whole.exe, which nothing half written is ever called, the old one to NAME-old-N.exe, under which it runs on, and the new
; one takes its name. A cut between those last two leaves both whole programs in the folder and no NAME.exe. So the last one is
; promised to Windows before, and taken back once it is done. After a cut it is kept
; * where it is installed for everybody, by the next start of Windows, before anybody signs in: from the list of renames of
;   MoveFileEx. (RunOnce of HKLM would wait for an administrator to sign in.)
; * where it is installed for one person, by that person's next sign-in: from RunOnce of HKCU, for the list takes an administrator.
; Neither goes over a NAME.exe that is there. What the next setup or the removal still finds of it goes with the sweep.

; True in $0 when nobody runs the program: what runs can't be opened for writing.
!macro is_free
  ClearErrors
  FileOpen $0 "$R7\${EXE}" a
  ${If} ${Errors}
    StrCpy $0 0
  ${Else}
    FileClose $0
    StrCpy $0 1
  ${EndIf}
!macroend

; Asks the running program of this person to close: with a window the person first, who may also cancel; silent up to three times.
; What another person runs is left alone. $R7: the folder it runs from, $R8: the program to ask with. Result in $0: 1 closed, 0 it would not.
!macro close_program
  StrCpy $0 1
  ${If} ${FileExists} "$R7\${EXE}"
    !insertmacro is_free
    ${If} $0 = 0
      StrCpy $0 1
      ${IfNot} ${Silent}
        MessageBox MB_OKCANCEL|MB_ICONINFORMATION "$(WillClose)" IDOK +2
        StrCpy $0 0
      ${EndIf}
      ${If} $0 = 1
        StrCpy $R9 0
        ${Do}
          ClearErrors
          ExecWait '"$R8" --quit' $0
          ; 1: in the middle of something; anything else: closed, or nobody to ask
          ${If} ${Errors}
          ${OrIf} $0 <> 1
            StrCpy $0 1
            ${ExitDo}
          ${EndIf}
          StrCpy $0 0
          IntOp $R9 $R9 + 1
          ${If} ${Silent}
            ${If} $R9 >= 3
              ${ExitDo}
            ${EndIf}
          ${Else}
            MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(WouldNotClose)" IDRETRY +2
            ${ExitDo}
          ${EndIf}
        ${Loop}
      ${EndIf}
      ${If} $0 = 1
        ; its process ends a moment after it let go of its place
        StrCpy $R9 0
        ${Do}
          !insertmacro is_free
          ${If} $0 = 1
          ${OrIf} $R9 >= 30
            ${ExitDo}
          ${EndIf}
          IntOp $R9 $R9 + 1
          Sleep 100
        ${Loop}
        StrCpy $0 1
      ${EndIf}
    ${EndIf}
  ${EndIf}
!macroend

; Before anything is changed. Asks with the new program: what is installed need not be trusted by whoever runs the setup, and may
; be damaged. Silent: ends the setup when the program would not close. With a window: result in $0.
Function CloseProgram
  InitPluginsDir
  SetOutPath "$PLUGINSDIR"
  File "${FILES}/${EXE}"
  StrCpy $R8 "$PLUGINSDIR\${EXE}"
  StrCpy $R7 "$INSTDIR"
  ${If} $MultiUser.InstallMode == "AllUsers"
  ${AndIf} ${FileExists} "$PersonFolder\${EXE}"
    StrCpy $R7 "$PersonFolder"
  ${EndIf}
  !insertmacro close_program
  ; the folder of the plugins goes when the setup ends
  SetOutPath "$TEMP"
  ${If} ${Silent}
  ${AndIf} $0 = 0
    SetErrorLevel ${BUSY}
    Quit
  ${EndIf}
FunctionEnd

Function un.CloseProgram
  StrCpy $R8 "$INSTDIR\${EXE}"
  StrCpy $R7 "$INSTDIR"
  !insertmacro close_program
  ${If} $0 = 0
    SetErrorLevel ${BUSY}
    Quit
  ${EndIf}
FunctionEnd

; Gives a file another name at once: $1 from, $2 to, $0 the flags of MoveFileEx; $0 not 0 when done.
!define OVER 9      ; MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH
!define NOT_OVER 8  ; MOVEFILE_WRITE_THROUGH
!macro move FROM TO FLAGS
  System::Call 'kernel32::MoveFileExW(w "${FROM}", w "${TO}", i ${FLAGS}) i .r0'
!macroend

; Gives NAME.exe a name nobody uses, under which it runs on; $0 not 0 when done.
!macro step_aside FOLDER NAME
  StrCpy $1 0
  ${Do}
    IntOp $1 $1 + 1
  ${LoopWhile} ${FileExists} "${FOLDER}\${NAME}-old-$1.exe"
  !insertmacro move "${FOLDER}\${NAME}.exe" "${FOLDER}\${NAME}-old-$1.exe" ${NOT_OVER}
!macroend

; Promises that NAME-whole.exe becomes NAME.exe; written to the disk at once, for the cut may be the next thing.
!define LATER 4     ; MOVEFILE_DELAY_UNTIL_REBOOT
!define SESSION "SYSTEM\CurrentControlSet\Control\Session Manager"
!define ONCE "${RUN}Once"
; kept until its command was run
!define PROMISE "!${ID}"
!macro promise NAME
  ${If} $MultiUser.InstallMode == "AllUsers"
    !insertmacro move "$INSTDIR\${NAME}-whole.exe" "$INSTDIR\${NAME}.exe" ${LATER}
    System::Call 'advapi32::RegOpenKeyExW(p 0x80000002, w "${SESSION}", i 0, i 1, *p .r0)'
    System::Call 'advapi32::RegFlushKey(p r0)'
    System::Call 'advapi32::RegCloseKey(p r0)'
  ${Else}
    ; Between quotes nothing means anything but a variable between two %: a folder of such a name waits for the next setup.
    WriteRegStr HKCU "${ONCE}" "${PROMISE}" '$SYSDIR\cmd.exe /d /c ren "$INSTDIR\${NAME}-whole.exe" ${NAME}.exe'
    System::Call 'advapi32::RegFlushKey(p 0x80000001)'
  ${EndIf}
!macroend

; Takes the promise back. The list holds from and to, one string after the other; those of others stay as they are, and the list
; goes when it is empty: Windows takes it for a restart that is wanted. Changes $0, $2 to $8, $R5 and $R6.
!macro take_back FOLDER NAME
  DeleteRegValue HKCU "${ONCE}" "${PROMISE}"
  StrCpy $R5 "${FOLDER}\${NAME}-whole.exe"
  ${CallArtificialFunction} take_from_lists
!macroend
!macro take_from_lists
  System::Call 'kernel32::GetFullPathNameW(w R5, i ${NSIS_MAX_STRLEN}, w .R5, p 0)'
  StrCpy $R5 "\??\$R5"
  StrLen $R6 $R5
  !insertmacro take_from_list "PendingFileRenameOperations"
  ; where MoveFileEx goes on when there is no more room in the first
  !insertmacro take_from_list "PendingFileRenameOperations2"
!macroend
!macro take_from_list VALUE
  ; $2 the list, $3 its size, $4 the place in it, in bytes; $8 1 when something was taken
  StrCpy $3 0
  System::Call 'advapi32::RegGetValueW(p 0x80000002, w "${SESSION}", w "${VALUE}", i 0x20, p 0, p 0, *i r3r3)'
  ; with zeros behind, should its end be missing
  IntOp $4 $3 + 8
  System::Alloc $4
  Pop $2
  System::Call 'advapi32::RegGetValueW(p 0x80000002, w "${SESSION}", w "${VALUE}", i 0x20, p 0, p r2, *i r3r3) i .r0'
  ${If} $0 = 0
    StrCpy $4 0
    StrCpy $8 0
    ${DoWhile} $4 < $3
      IntPtrOp $5 $2 + $4
      System::Call 'kernel32::lstrlenW(p r5) i .r6'
      ; by its end: Windows 11 writes *1 before it
      StrCpy $0 1
      ${If} $6 >= $R6
        IntOp $7 $6 - $R6
        IntOp $7 $7 * 2
        IntPtrOp $7 $5 + $7
        System::Call 'kernel32::lstrcmpiW(p r7, w R5) i .r0'
      ${EndIf}
      IntOp $6 $6 + 1
      IntOp $6 $6 * 2
      ${If} $0 = 0
        IntPtrOp $7 $5 + $6
        System::Call 'kernel32::lstrlenW(p r7) i .r0'
        IntOp $0 $0 + 1
        IntOp $0 $0 * 2
        IntOp $6 $6 + $0
        IntPtrOp $7 $5 + $6
        IntOp $3 $3 - $6
        IntOp $0 $3 - $4
        ${If} $0 > 0
          System::Call 'kernel32::RtlMoveMemory(p r5, p r7, p r0)'
        ${EndIf}
        StrCpy $8 1
      ${Else}
        IntOp $4 $4 + $6
      ${EndIf}
    ${Loop}
    ${If} $8 = 1
      ; 2: the end alone
      ${If} $3 > 2
        System::Call 'advapi32::RegSetKeyValueW(p 0x80000002, w "${SESSION}", w "${VALUE}", i 7, p r2, i r3)'
      ${Else}
        DeleteRegValue HKLM "${SESSION}" "${VALUE}"
      ${EndIf}
    ${EndIf}
  ${EndIf}
  System::Free $2
!macroend

; NAME-new.exe becomes NAME.exe; ends the setup when it can't.
!macro replace NAME
  System::Call 'kernel32::CreateFileW(w "$INSTDIR\${NAME}-new.exe", i 0x40000000, i 1, p 0, i 3, i 0, p 0) p .r0'
  System::Call 'kernel32::FlushFileBuffers(p r0)'
  System::Call 'kernel32::CloseHandle(p r0)'
  !insertmacro move "$INSTDIR\${NAME}-new.exe" "$INSTDIR\${NAME}.exe" ${OVER}
  ${If} $0 = 0
    !insertmacro move "$INSTDIR\${NAME}-new.exe" "$INSTDIR\${NAME}-whole.exe" ${OVER}
    ${If} $0 <> 0
      !insertmacro promise "${NAME}"
      !insertmacro step_aside "$INSTDIR" "${NAME}"
      !insertmacro stop_at 3-${NAME}
      !insertmacro move "$INSTDIR\${NAME}-whole.exe" "$INSTDIR\${NAME}.exe" ${OVER}
    ${EndIf}
    ${If} $0 = 0
      !insertmacro move "$INSTDIR\${NAME}-old-$1.exe" "$INSTDIR\${NAME}.exe" ${NOT_OVER}
      ; else the promise stands
      ${If} ${FileExists} "$INSTDIR\${NAME}.exe"
        !insertmacro take_back "$INSTDIR" "${NAME}"
        Delete "$INSTDIR\${NAME}-whole.exe"
      ${EndIf}
      Delete "$INSTDIR\${NAME}-new.exe"
      MessageBox MB_OK|MB_ICONSTOP "$(CantReplace)" /SD IDOK
      SetErrorLevel ${FAILED}
      Quit
    ${EndIf}
    !insertmacro take_back "$INSTDIR" "${NAME}"
  ${EndIf}
!macroend

; Removes what stepped aside and what an interrupted run left. What still runs goes at the next setup or the next start of Windows.
!macro sweep_old FOLDER NAME
  ClearErrors
  FindFirst $0 $1 "${FOLDER}\${NAME}-old-*.exe"
  ${DoUntil} ${Errors}
    Delete /REBOOTOK "${FOLDER}\$1"
    ClearErrors
    FindNext $0 $1
  ${Loop}
  FindClose $0
!macroend
!macro sweep FOLDER
  !insertmacro take_back "${FOLDER}" "cert-assistant"
  !insertmacro take_back "${FOLDER}" "uninstall"
  Delete "${FOLDER}\cert-assistant-whole.exe"
  Delete "${FOLDER}\uninstall-whole.exe"
  Delete "${FOLDER}\cert-assistant-new.exe"
  Delete "${FOLDER}\uninstall-new.exe"
  !insertmacro sweep_old "${FOLDER}" "cert-assistant"
  !insertmacro sweep_old "${FOLDER}" "uninstall"
  SetRebootFlag false
!macroend
